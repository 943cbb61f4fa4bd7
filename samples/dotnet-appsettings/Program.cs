// SPDX-License-Identifier: MIT

// Receives with options from appsettings.json, as a program that may be trimmed or compiled ahead of time.
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Spead2.Receive;

IConfigurationSection section = new ConfigurationBuilder()
    .SetBasePath(AppContext.BaseDirectory)
    .AddJsonFile("appsettings.json")
    .Build()
    .GetSection("Spead2");
ReceiverOptions options = section.Get<ReceiverOptions>() ?? new();

ValidateOptionsResult validation = new ReceiverOptionsValidator().Validate("Spead2", options);
if (validation.Failed)
{
    foreach (string failure in validation.Failures)
    {
        Console.Error.WriteLine(failure);
    }

    return 1;
}

if (args is ["--show"])
{
    Console.WriteLine(JsonSerializer.Serialize(options, ReceiverJson.Default.ReceiverOptions));
    return 0;
}

await using IReceiveStream stream = new ReceiveStreamFactory().CreateStream(options.Stream);
foreach (UdpSourceOptions source in options.Sources)
{
    Console.WriteLine($"receiving from {stream.Add(source).LocalEndPoint}");
}

stream.Start();
await foreach (Heap heap in stream.ReadAllAsync())
{
    using (heap)
    {
        Console.WriteLine($"heap {heap.Cnt}: {heap.ReceivedLength} bytes");
    }
}

return 0;

/// <summary>What stands below "Spead2" in appsettings.json.</summary>
internal sealed class ReceiverOptions
{
    /// <summary>The stream.</summary>
    [ValidateObjectMembers]
    public ReceiveStreamOptions Stream { get; set; } = new();

    /// <summary>Where its packets come from.</summary>
    [ValidateEnumeratedItems]
    public IList<UdpSourceOptions> Sources { get; set; } = [];
}

/// <summary>Checks the options without reflection.</summary>
[OptionsValidator]
internal sealed partial class ReceiverOptionsValidator : IValidateOptions<ReceiverOptions>;

/// <summary>Prints the options without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ReceiverOptions))]
internal sealed partial class ReceiverJson : JsonSerializerContext;
