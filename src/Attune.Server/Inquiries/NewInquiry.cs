using Attune.Engine.Workflows;

namespace Attune.Server.Inquiries;

/// <summary>A question that a workflow asks, with the execution that stands for it.</summary>
/// <param name="ExecutionId">Stored in the same transaction, as running.</param>
sealed record NewInquiry(long ExecutionId, AskPeople Ask);
