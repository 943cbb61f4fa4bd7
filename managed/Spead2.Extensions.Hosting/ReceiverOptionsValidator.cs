// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Options;

namespace Spead2.Extensions.Hosting;

/// <summary>Checks options without reflection, and says of which receiver they are.</summary>
internal sealed partial class ReceiverOptionsValidator : IValidateOptions<ReceiverOptions>
{
    private readonly Rules _rules = new();

    public ValidateOptionsResult Validate(string? name, ReceiverOptions options)
    {
        ValidateOptionsResult result = _rules.Validate(name, options);
        return result.Failed ? ValidateOptionsResult.Fail(result.Failures.Select(failure => $"{name}: {failure}")) : result;
    }

    [OptionsValidator]
    private sealed partial class Rules : IValidateOptions<ReceiverOptions>;
}
