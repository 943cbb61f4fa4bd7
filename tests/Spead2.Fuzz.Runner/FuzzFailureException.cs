// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner;

/// <summary>Fuzzing cannot begin or go on: a program is missing or ended without a finding.</summary>
internal sealed class FuzzFailureException(string message) : Exception(message);
