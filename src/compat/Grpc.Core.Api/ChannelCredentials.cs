namespace Grpc.Core;

/// <summary>How a channel is secured, and optionally what every call on it says about its caller.</summary>
public abstract class ChannelCredentials
{
    /// <summary>Cleartext.</summary>
    public static ChannelCredentials Insecure { get; } = new InsecureCredentials();

    /// <summary>TLS by the platform's trust store; as <c>new SslCredentials()</c>.</summary>
    public static ChannelCredentials SecureSsl { get; } = new SslCredentials();

    /// <summary>
    /// Both together. Call credentials over <see cref="Insecure"/> are sent only by a channel that allows it explicitly
    /// (<c>GrpcChannelOptions.UnsafeUseInsecureChannelCallCredentials</c>); any other refuses to be made.
    /// </summary>
    /// <exception cref="ArgumentException">The channel credentials are themselves composed.</exception>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials)
        => new CompositeChannelCredentials(channelCredentials, callCredentials);

    /// <summary>For implementations of gRPC: tells the configurator which kind of credentials these are.</summary>
    public abstract void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state);

    internal virtual bool IsComposable => false;

    sealed class InsecureCredentials : ChannelCredentials
    {
        internal override bool IsComposable => true;

        public override void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state)
            => configurator.SetInsecureCredentials(state);
    }

    sealed class CompositeChannelCredentials : ChannelCredentials
    {
        readonly ChannelCredentials channelCredentials;
        readonly CallCredentials callCredentials;

        public CompositeChannelCredentials(ChannelCredentials channelCredentials, CallCredentials callCredentials)
        {
            ArgumentNullException.ThrowIfNull(channelCredentials);
            ArgumentNullException.ThrowIfNull(callCredentials);
            if (!channelCredentials.IsComposable)
                throw new ArgumentException(
                    $"CallCredentials can't be composed with {channelCredentials.GetType().Name}.",
                    nameof(channelCredentials));

            this.channelCredentials = channelCredentials;
            this.callCredentials = callCredentials;
        }

        public override void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state)
            => configurator.SetCompositeCredentials(state, channelCredentials, callCredentials);
    }
}
