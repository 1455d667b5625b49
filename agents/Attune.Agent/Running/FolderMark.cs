namespace Attune.Agent.Running;

/// <summary>
/// What the kernel knows of a file or folder besides its content and its times. Two of them differ when someone has replaced it, mounted over it, or
/// changed its mode, owner, links, attributes (chattr), extended attributes or ACL.
/// </summary>
readonly record struct FolderMark(ulong Attributes, ulong Node, ulong Size, ulong Device, LibC.OwnerIds Owner, uint Links, ushort Mode, nint Extended)
{
    /// <returns>Null when it is not there or this host cannot tell. A link is not followed.</returns>
    public static unsafe FolderMark? Of(string path)
    {
        try
        {
            LibC.FileStatus status = default;
            if (LibC.Status(LibC.AtFdCwd, path, LibC.AtSymlinkNoFollow, LibC.StatusBasic, &status) != 0)
            {
                return null;
            }

            var extended = LibC.ListAttributes(path, null, 0);
            return new(status.Attributes, status.Node, status.Size, status.Device, status.Owner, status.Links, status.Mode, extended);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }
}
