namespace Attune.Server.Identities;

sealed class ApiTokens
{
    public const string Prefix = "att_";
}
