using K1s0.EventStore.Sync;
using K1s0.EventStore.Sync.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the endpoint at which a node answers.</summary>
public static class SyncEndpointExtensions
{
    /// <summary>
    /// Lets a node answer replicas that call over HTTP, with <see cref="HttpSyncTransport"/>. When the application
    /// stops, the sessions that are under way end; what was confirmed stays.
    /// </summary>
    /// <param name="endpoints">The application's routes.</param>
    /// <param name="pattern">The path, for example <c>/sync</c>.</param>
    /// <param name="node">The node; stays the caller's, and has to outlive the application.</param>
    /// <param name="configure">Sets limits, and who may call.</param>
    /// <returns>For conventions of all routes, such as hosts or rate limits.</returns>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or nothing says who may call: the node has no shared key and no
    /// <see cref="SyncEndpointOptions.Peers"/> are given.
    /// </exception>
    public static IEndpointConventionBuilder MapEventStoreSync(
        this IEndpointRouteBuilder endpoints,
        string pattern,
        ReplicaNode node,
        Action<SyncEndpointOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(node);
        return Map(endpoints, pattern, _ => Task.FromResult(node), node.RequiresSharedKey, configure);
    }

    /// <summary>
    /// Lets the node of <c>AddSync</c> answer replicas that call over HTTP, as soon as it is open.
    /// </summary>
    /// <param name="endpoints">The application's routes.</param>
    /// <param name="pattern">The path, for example <c>/sync</c>.</param>
    /// <param name="configure">Sets limits, and who may call.</param>
    /// <param name="name">The name that was given to <c>AddSync</c>; empty for the one without.</param>
    /// <returns>For conventions of all routes, such as hosts or rate limits.</returns>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or nothing says who may call: the node has no shared key and no
    /// <see cref="SyncEndpointOptions.Peers"/> are given.
    /// </exception>
    /// <exception cref="InvalidOperationException"><c>AddSync</c> was not called with this name.</exception>
    public static IEndpointConventionBuilder MapEventStoreSync(
        this IEndpointRouteBuilder endpoints,
        string pattern,
        Action<SyncEndpointOptions>? configure = null,
        string name = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(name);
        var host = endpoints.ServiceProvider.GetRequiredKeyedService<SyncHost>(name);
        return Map(endpoints, pattern, host.GetNodeAsync, host.RequiresSharedKey, configure);
    }

    private static RouteGroupBuilder Map(
        IEndpointRouteBuilder endpoints,
        string pattern,
        Func<CancellationToken, Task<ReplicaNode>> openNode,
        bool requiresSharedKey,
        Action<SyncEndpointOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var options = new SyncEndpointOptions();
        configure?.Invoke(options);
        options.Check(requiresSharedKey);
        var services = endpoints.ServiceProvider;
        var sessions = new HttpSyncSessions(
            openNode,
            options,
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None);
        var requests = new HttpSyncRequests(sessions, options.Peers);
        var group = endpoints.MapGroup(pattern);
        group.MapPost("", (RequestDelegate)requests.OpenAsync);
        group.MapPost("/{session}/{number:long}", (RequestDelegate)requests.PushAsync);
        group.MapGet("/{session}/{number:long}", (RequestDelegate)requests.PullAsync);
        group.MapDelete("/{session}", (RequestDelegate)requests.EndAsync);
        return group;
    }
}
