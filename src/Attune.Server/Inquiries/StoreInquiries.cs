using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>Stores questions and withdraws them, in the transaction of whoever carries out the workflow.</summary>
sealed class StoreInquiries
{
    /// <summary>One statement, however many.</summary>
    public Task InsertAsync(
        NpgsqlConnection connection, IReadOnlyList<NewInquiry> inquiries, DateTimeOffset now, CancellationToken ct)
        => throw new NotImplementedException();

    /// <summary>Withdraws what is pending of these executions. The executions themselves are the caller's.</summary>
    public Task CancelAsync(NpgsqlConnection connection, IReadOnlyList<long> executionIds, DateTimeOffset now, CancellationToken ct)
        => throw new NotImplementedException();
}
