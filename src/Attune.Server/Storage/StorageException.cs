namespace Attune.Server.Storage;

/// <summary>The process cannot go on without its database. The message is for an operator and ends with what to do.</summary>
public sealed class StorageException(string message, Exception? cause = null) : Exception(message, cause);
