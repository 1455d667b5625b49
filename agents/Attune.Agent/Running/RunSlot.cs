namespace Attune.Agent.Running;

/// <summary>
/// A run's folders on disk, kept from one run to the next, because making and deleting a folder costs more than starting a process. It is used again
/// only while everything in it is as it was made: what is not is deleted and made anew, and where that fails the whole slot is given up.
/// </summary>
sealed class RunSlot : IDisposable
{
    public const string Note = "process";
    const int EntriesAtRest = 4;

    readonly FileStream note;
    readonly Part[] parts;
    readonly string notePath;
    readonly FolderMark? noteMark;
    readonly FolderMark? mark;

    /// <summary>The path must be that of a new, empty folder.</summary>
    public RunSlot(string path)
    {
        Path = path;
        notePath = System.IO.Path.Combine(path, Note);
        note = new FileStream(notePath, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        Erase();
        parts = [.. ((string[])["work", "tmp", "artifacts"]).Select(name => new Part(System.IO.Path.Combine(path, name)))];
        noteMark = FolderMark.Of(notePath);
        mark = FolderMark.Of(path);
    }

    public string Path { get; }

    public string Work => parts[0].Path;

    public string Temporary => parts[1].Path;

    public string Artifacts => parts[2].Path;

    /// <summary>Nothing of an earlier run is in it and nothing about it was changed.</summary>
    public bool IsAsMade => IsSound && parts.All(part => part.IsAsMade);

    bool IsSound
        => mark is { } made && FolderMark.Of(Path) == made && noteMark is { } madeNote && FolderMark.Of(notePath) == madeNote
            && Directory.EnumerateFileSystemEntries(Path).Count() == EntriesAtRest;

    public void Write(RunNote content)
    {
        Span<byte> bytes = stackalloc byte[RunNote.Length];
        content.Write(bytes);
        RandomAccess.Write(note.SafeFileHandle, bytes, 0);
    }

    public void Erase() => RandomAccess.Write(note.SafeFileHandle, RunNote.Blank, 0);

    /// <summary>Removes what the run left.</summary>
    /// <returns>False: it must not be used again.</returns>
    public bool TryReset()
    {
        try
        {
            foreach (var part in parts)
            {
                if (!part.IsAsMade)
                {
                    part.Remake();
                }
            }

            return IsSound;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }

    /// <summary>What would not go must not spoil the run's result; the agent's next start tries again.</summary>
    public void Discard()
    {
        Dispose();
        _ = Trees.TryDelete(Path);
    }

    public void Dispose() => note.Dispose();

    sealed class Part
    {
        FolderMark? mark;

        public Part(string path)
        {
            Path = path;
            Make();
        }

        public string Path { get; }

        public bool IsAsMade => mark is { } made && FolderMark.Of(Path) == made && !Directory.EnumerateFileSystemEntries(Path).Any();

        public void Remake()
        {
            // A link or a file in its place would not be deleted, and the new folder not be made.
            Trees.Delete(Path);
            Make();
        }

        void Make()
        {
            if (!LibC.TryCreateDirectory(Path))
            {
                throw new IOException($"{Path} is in the way.");
            }

            mark = FolderMark.Of(Path);
        }
    }
}
