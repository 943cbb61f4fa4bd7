// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Adds receivers to the services of a host.</summary>
public static class ReceiverServiceCollectionExtensions
{
    /// <summary>The category of everything that receivers log.</summary>
    public const string LogCategory = "Spead2";

    /// <summary>
    /// Adds a receiver, whose options are in a section of the configuration (<see cref="ReceiverOptions"/>). What it has received
    /// is known to a keyed service <see cref="Receiver"/> of its name.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">A name, which is the stream's, too, in logs and metrics.</param>
    /// <param name="configuration">The section. A warning names keys that are no options.</param>
    /// <returns>Says where the heaps go.</returns>
    public static ReceiverBuilder AddSpead2Receiver(
        this IServiceCollection services, string name, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ReceiverBuilder builder = services.AddSpead2Receiver(name, _ => { });
        services.Configure<ReceiverOptions>(name, configuration);
        services.AddKeyedSingleton(name, new ReceiverConfiguration(name, configuration));
        return builder;
    }

    /// <summary>Adds a receiver, whose options are set by code.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">A name, which is the stream's, too, in logs and metrics.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>Says where the heaps go.</returns>
    public static ReceiverBuilder AddSpead2Receiver(
        this IServiceCollection services, string name, Action<ReceiverOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<ReceiverOptions>(name).Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ReceiverOptions>, ReceiverOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new ReceiveStreamFactory(
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategory)));
        services.AddKeyedSingleton(name, (provider, _) => Create(provider, name));
        return new ReceiverBuilder(name, services);
    }

    private static Receiver Create(IServiceProvider provider, string name)
    {
        ILogger logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategory);
        ReceiverOptions options = provider.GetRequiredService<IOptionsMonitor<ReceiverOptions>>().Get(name);
        foreach (ReceiverConfiguration configuration in provider.GetKeyedServices<ReceiverConfiguration>(name))
        {
            configuration.WarnOfUnknownKeys(logger);
        }

        return new(
            name,
            options,
            provider.GetRequiredService<ReceiveStreamFactory>(),
            logger,
            provider.GetRequiredService<TimeProvider>());
    }
}
