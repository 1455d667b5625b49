namespace Attune.Agent.Running;

static class Trees
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Deletes a tree that may hold read-only folders. A link is removed, never followed.</summary>
    public static void Delete(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            Open(new DirectoryInfo(path));
            Directory.Delete(path, recursive: true);
        }
    }

    /// <returns>False when something would not go: files of another user, a mount.</returns>
    public static bool TryDelete(string path)
    {
        try
        {
            Delete(path);
            return true;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }

    static void Open(DirectoryInfo folder)
    {
        folder.UnixFileMode = OwnerOnly;
        foreach (var each in folder.EnumerateDirectories())
        {
            if (each.LinkTarget is null)
            {
                Open(each);
            }
        }
    }
}
