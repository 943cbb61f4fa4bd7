// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>A field of a format as it was sent, which may mean nothing.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Bits">Its width; for the code '0' an item identifier.</param>
internal readonly record struct SentField(byte Code, long Bits);
