// SPDX-License-Identifier: MIT

using Spead2.Chunks;

namespace Spead2.Managed;

/// <summary>What makes a stream a member of a chunk group, by valid options.</summary>
internal sealed record ChunkMembership(ChunkGroup Group, ChunkOptions Options);
