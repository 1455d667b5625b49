// File modes, signals, setpriv: the control plane runs where PostgreSQL and its agents do.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
