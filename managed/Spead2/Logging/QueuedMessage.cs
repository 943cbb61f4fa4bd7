// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2;

/// <summary>A message that waits for the logger.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Text">One line.</param>
/// <param name="LeftOutBefore">How many messages found the queue full since the one before.</param>
internal readonly record struct QueuedMessage(LogLevel Level, string Text, long LeftOutBefore);
