using System.Text;

namespace Attune.Packs.Archives;

/// <summary>The rules for a file's path inside a pack, on every way in.</summary>
static class PackPath
{
    const int MaxBytes = 240;
    const int MaxDepth = 16;

    // What tools leave behind and no pack means to carry.
    static readonly string[] Ignored = [".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", ".DS_Store"];

    /// <summary>Null when the path may be in a pack; otherwise why not.</summary>
    public static string? Refuse(string path)
    {
        if (path is "" or ['/', ..])
            return "is not a relative path.";
        if (Encoding.UTF8.GetByteCount(path) > MaxBytes)
            return $"has a path longer than {MaxBytes} bytes.";
        if (path.Any(unit => char.IsControl(unit) || unit is '\\' or '\uFFFD'))
            return "has a path with a backslash, a control character or broken Unicode.";

        var parts = path.Split('/');
        if (parts.Length > MaxDepth)
            return $"lies deeper than {MaxDepth} folders.";

        return parts.Any(part => part is "" or "." or "..") ? "has a path with an empty part, `.` or `..`." : null;
    }

    public static bool IsIgnored(string path) => path.EndsWith(".pyc", StringComparison.Ordinal)
        || path.Split('/').Any(part => Ignored.Contains(part));
}
