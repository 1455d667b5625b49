using System.Globalization;
using System.Security.Cryptography;
using Attune.Server.Hosting;
using Attune.Server.Keys;

namespace Attune.Server.Dev;

/// <summary>Everything `dev` keeps, and the claim of one process on it. The kernel drops the claim however the process ends.</summary>
sealed class DevDirectory : IDisposable
{
    readonly FileStream claim;

    DevDirectory(string directory, FileStream claim) => (Path, this.claim) = (directory, claim);

    public string Path { get; }
    public string Postgres => In("postgres");
    public string MasterKey => In("master.key");
    public string Agent => In("agent");
    public string JoinToken => In("join-token");

    /// <summary>The admin's login and password, for people who want to log in elsewhere.</summary>
    public string AdminLogin => In("admin-login");

    public static DevDirectory Claim(string directory)
    {
        try
        {
            Create(directory);
            var claim = new FileStream(
                System.IO.Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(System.IO.Path.Combine(directory, "pid"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new(directory, claim);
        }
        catch (IOException exception) when (File.Exists(System.IO.Path.Combine(directory, "pid")))
        {
            var pid = File.ReadAllText(System.IO.Path.Combine(directory, "pid"));
            throw new OperatorException(
                $"An attune-server dev runs already on {directory} (process {pid}). Use it, stop it, or give another --state-dir and --port.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{directory} cannot be used: {exception.Message} Give another --state-dir.", exception);
        }
    }

    /// <summary>The admin's password; a random one is made on the first start.</summary>
    public string ReadOrMakePassword(string login)
    {
        if (!File.Exists(AdminLogin))
            PrivateFile.Write(AdminLogin, $"{login}\n{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}\n");
        return File.ReadLines(AdminLogin).Skip(1).First();
    }

    public void Dispose() => claim.Dispose();

    // PostgreSQL refuses root, so under root another user must be able to pass through; each file in it is its owner's alone.
    static void Create(string directory)
    {
        PrivateFile.CreateDirectory(directory);
        if (Environment.IsPrivilegedProcess)
            File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    string In(string name) => System.IO.Path.Combine(Path, name);
}
