using System.Runtime.Versioning;

// pidfd, epoll, /proc: the agent is a Linux program.
[assembly: SupportedOSPlatform("linux")]
