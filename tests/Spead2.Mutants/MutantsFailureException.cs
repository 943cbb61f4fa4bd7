// SPDX-License-Identifier: MIT

namespace Spead2.Mutants;

/// <summary>The campaign cannot begin or go on: a program is missing, or the mutants cannot be compiled.</summary>
internal sealed class MutantsFailureException(string message) : Exception(message);
