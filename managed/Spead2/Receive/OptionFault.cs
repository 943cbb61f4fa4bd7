// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;

namespace Spead2.Receive;

/// <summary>An option that breaks its rule. One list of them serves everyone who checks options.</summary>
/// <param name="Name">Name of the option.</param>
/// <param name="Message">A sentence that names the option.</param>
/// <param name="Exception">What to throw, with that message.</param>
internal readonly record struct OptionFault(string Name, string Message, ArgumentException Exception)
{
    /// <summary>A value that is not allowed with others.</summary>
    public static OptionFault Of(string name, string message) => new(name, message, new ArgumentException(message, name));

    /// <summary>A value that must not be null.</summary>
    public static OptionFault Null(string name) =>
        new(name, $"{name} must not be null.", new ArgumentNullException(name));

    /// <summary>A value outside of what is allowed.</summary>
    public static OptionFault OutOfRange(string name, object? value, string message) =>
        new(name, message, new ArgumentOutOfRangeException(name, value, message));

    /// <summary>A number that should be in a range.</summary>
    public static IEnumerable<OptionFault> Outside(long value, long min, long max, string name)
    {
        if (value < min || value > max)
        {
            yield return OutOfRange(name, value, $"{name} must be from {min} to {max}.");
        }
    }

    /// <summary>Throws the first fault, if there is one.</summary>
    public static void Throw(IEnumerable<OptionFault> faults)
    {
        foreach (OptionFault fault in faults)
        {
            throw fault.Exception;
        }
    }

    /// <summary>The faults for validation by data annotations.</summary>
    public static IEnumerable<ValidationResult> ToResults(IEnumerable<OptionFault> faults) =>
        faults.Select(fault => new ValidationResult(fault.Message, [fault.Name]));
}
