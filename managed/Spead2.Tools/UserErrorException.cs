// SPDX-License-Identifier: MIT

namespace Spead2.Tools;

/// <summary>Something that the user can put right. The message is one sentence, shown without a stack trace.</summary>
internal sealed class UserErrorException(string message) : Exception(message);
