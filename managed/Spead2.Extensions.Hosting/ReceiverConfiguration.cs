// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Spead2.Extensions.Hosting;

/// <summary>The section that a receiver's options come from.</summary>
/// <param name="name">The receiver's name.</param>
/// <param name="section">The section.</param>
internal sealed partial class ReceiverConfiguration(string name, IConfiguration section)
{
    /// <summary>Says which keys are no options, as they have no effect: a name that is misspelt, for example.</summary>
    public void WarnOfUnknownKeys(ILogger logger)
    {
        try
        {
            section.Bind(new ReceiverOptions(), binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            // Values that cannot be read have kept the host from starting before.
            LogUnknown(logger, name, exception.Message);
        }
    }

    [LoggerMessage(4, LogLevel.Warning, "{Receiver}: keys of the configuration that are no options have no effect: {Reason}")]
    private static partial void LogUnknown(ILogger logger, string receiver, string reason);
}
