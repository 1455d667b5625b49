namespace Attune.Agent.Running;

sealed class ChildProcess
{
    bool ended;
    TimeSpan grace;

    public void Terminate(TimeSpan grace) => this.grace = ended ? this.grace : grace;

    public void Kill() => ended = true;
}
