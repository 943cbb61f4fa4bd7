// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Says where the heaps of a receiver go.</summary>
public sealed class ReceiverBuilder
{
    private bool _hasTarget;

    internal ReceiverBuilder(string name, IServiceCollection services)
    {
        Name = name;
        Services = services;
    }

    /// <summary>The receiver's name, and its key among the services.</summary>
    public string Name { get; }

    /// <summary>The services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Hands every heap to a handler, one object for the life of the host.</summary>
    /// <typeparam name="THandler">The handler; its constructor gets other services.</typeparam>
    /// <exception cref="InvalidOperationException">The heaps go somewhere already.</exception>
    public ReceiverBuilder AddHandler<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where THandler : class, IHeapHandler
    {
        Services.AddKeyedSingleton<IHeapHandler, THandler>(Name);
        return AddTarget((services, key) => new HandlerTarget(services.GetRequiredKeyedService<IHeapHandler>(key)));
    }

    /// <summary>Hands every heap to a function.</summary>
    /// <param name="handler">The function: as <see cref="IHeapHandler.HandleAsync"/>.</param>
    /// <exception cref="InvalidOperationException">The heaps go somewhere already.</exception>
    public ReceiverBuilder AddHandler(Func<Heap, CancellationToken, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return AddTarget((_, _) => new HandlerTarget(new FunctionHandler(handler)));
    }

    /// <summary>
    /// Puts the heaps into a channel, whose <see cref="ChannelReader{T}"/> is a keyed service by the receiver's name. What it gives
    /// belongs to the reader, which disposes it. A full channel makes the stream wait. When the host stops, heaps that do not
    /// fit into it are dropped, which a warning counts.
    /// </summary>
    /// <exception cref="InvalidOperationException">The heaps go somewhere already.</exception>
    public ReceiverBuilder AddChannel()
    {
        AddTarget((services, key) => new ChannelTarget(
            Name,
            services.GetRequiredKeyedService<Receiver>(key).Options.Stream.RingHeaps,
            LoggerOf(services)));
        Services.AddKeyedSingleton(
            Name, (services, key) => ((ChannelTarget)services.GetRequiredKeyedService<IHeapTarget>(key)).Reader);
        return this;
    }

    /// <summary>
    /// Adds a health check of the receiver's name: unhealthy if it does not run or has been silent for
    /// <see cref="ReceiverOptions.MaxSilence"/>, degraded if it loses more than <see cref="ReceiverOptions.MaxLoss"/>.
    /// </summary>
    /// <param name="tags">Tags of the check.</param>
    public ReceiverBuilder AddHealthCheck(params IEnumerable<string> tags)
    {
        Services.AddHealthChecks().Add(new HealthCheckRegistration(
            Name,
            services => new ReceiverHealthCheck(services.GetRequiredKeyedService<Receiver>(Name)),
            failureStatus: null,
            tags));
        return this;
    }

    private static ILogger LoggerOf(IServiceProvider services) =>
        services.GetRequiredService<ILoggerFactory>().CreateLogger(ReceiverServiceCollectionExtensions.LogCategory);

    private ReceiverBuilder AddTarget(Func<IServiceProvider, object?, IHeapTarget> create)
    {
        if (_hasTarget)
        {
            throw new InvalidOperationException($"The heaps of {Name} go to one handler or channel, not to two.");
        }

        _hasTarget = true;
        Services.AddKeyedSingleton(Name, create);
        Services.AddSingleton<IHostedService>(services => new ReceiverService(
            services.GetRequiredKeyedService<Receiver>(Name),
            services.GetRequiredKeyedService<IHeapTarget>(Name),
            LoggerOf(services),
            services.GetRequiredService<IHostApplicationLifetime>()));
        return this;
    }

    private sealed class FunctionHandler(Func<Heap, CancellationToken, ValueTask> handler) : IHeapHandler
    {
        public ValueTask HandleAsync(Heap heap, CancellationToken cancellationToken) => handler(heap, cancellationToken);
    }
}
