namespace Attune.Server.Hosting;

/// <summary>The server cannot start or go on. The message is for an operator and ends with what to do.</summary>
sealed class OperatorException(string message, Exception? cause = null) : Exception(message, cause);
