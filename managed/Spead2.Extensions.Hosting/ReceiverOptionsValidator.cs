// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Options;

namespace Spead2.Extensions.Hosting;

/// <summary>Checks options without reflection.</summary>
[OptionsValidator]
internal sealed partial class ReceiverOptionsValidator : IValidateOptions<ReceiverOptions>;
