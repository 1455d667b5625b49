namespace Grpc.Core;

/// <summary>What says to the server who calls; composed with those of a channel, or given to one call.</summary>
public abstract class CallCredentials
{
    /// <summary>All of these, in their order.</summary>
    /// <exception cref="ArgumentException">Fewer than two.</exception>
    public static CallCredentials Compose(params CallCredentials[] credentials) => new CompositeCallCredentials(credentials);

    /// <summary>Credentials that the interceptor puts into the headers of each call.</summary>
    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor)
        => new InterceptorCallCredentials(interceptor);

    /// <summary>For implementations of gRPC: tells the configurator which kind of credentials these are.</summary>
    public abstract void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state);

    sealed class CompositeCallCredentials : CallCredentials
    {
        readonly IReadOnlyList<CallCredentials> credentials;

        public CompositeCallCredentials(CallCredentials[] credentials)
        {
            ArgumentNullException.ThrowIfNull(credentials);
            if (credentials.Length < 2)
                throw new ArgumentException("Composite credentials object can only be created from 2 or more credentials.", nameof(credentials));

            this.credentials = [.. credentials];
        }

        public override void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state)
            => configurator.SetCompositeCredentials(state, credentials);
    }

    sealed class InterceptorCallCredentials : CallCredentials
    {
        readonly AsyncAuthInterceptor interceptor;

        public InterceptorCallCredentials(AsyncAuthInterceptor interceptor)
        {
            ArgumentNullException.ThrowIfNull(interceptor);
            this.interceptor = interceptor;
        }

        public override void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state)
            => configurator.SetAsyncAuthInterceptorCredentials(state, interceptor);
    }
}
