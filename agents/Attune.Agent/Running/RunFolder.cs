namespace Attune.Agent.Running;

/// <summary>
/// What one attempt has on disk, until it ends: `work` (its current directory), `tmp`, `artifacts`, the parameter file, and the note by which a later
/// agent finds the process again. All are empty at its beginning.
/// </summary>
sealed class RunFolder : IDisposable
{
    readonly RunFolders folders;
    readonly RunSlot slot;
    readonly RunNote note;
    bool mayBeInUse;
    bool hasParameters;

    public RunFolder(RunFolders folders, RunSlot slot, long executionId, int attempt)
    {
        (this.folders, this.slot) = (folders, slot);
        note = new RunNote(executionId, attempt, 0, 0);

        // Before there is a process: whatever has a note may have begun.
        slot.Write(note);
    }

    public string Work => slot.Work;

    public string Temporary => slot.Temporary;

    public string Artifacts => slot.Artifacts;

    public string ParameterFile => Path.Combine(slot.Path, "parameters");

    public void WriteParameters(byte[] document)
    {
        hasParameters = true;
        using var file = new FileStream(ParameterFile, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(document);
    }

    /// <summary>From here on it is taken for in use until <see cref="Ended"/> says otherwise.</summary>
    public void Begun(int process)
    {
        mayBeInUse = true;
        if (Proc.Stat(process) is { } stat)
        {
            slot.Write(note with { Process = process, Start = stat.Start });
        }
    }

    public void Ended(ProcessEnd end) => mayBeInUse = end.Survivors > 0 || end.MayRemain;

    public void Dispose()
    {
        var isQuiet = !mayBeInUse;
        try
        {
            slot.Erase();
            if (hasParameters)
            {
                File.Delete(ParameterFile);
            }
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            isQuiet = false;
        }

        folders.GiveBack(slot, isQuiet);
    }
}
