// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>
/// The obvious way to do what section 8 of the spec says of the chunks that all streams of a group share. Those of a lossless
/// group never leave before the end here: whether a heap is too old is then up to its own stream, however fast the others are.
/// </summary>
internal sealed class NaiveWindow(ChunkTrace trace)
{
    private readonly SortedDictionary<long, NaiveChunk> _chunks = [];
    private long _tail;
    private long? _latest;

    /// <summary>The first chunk that has not left.</summary>
    public long Head { get; private set; }

    /// <summary>The time at which the first chunk begins, if no option says it.</summary>
    public long? Origin { get; set; }

    /// <summary>The chunks, in the order in which they left.</summary>
    public List<ObservedChunk> Emitted { get; } = [];

    public bool Has(NaiveChunk chunk) => _chunks.ContainsValue(chunk);

    /// <summary>Gives a chunk, and moves there: chunk by chunk, but over a gap at once.</summary>
    public NaiveChunk Reach(long id)
    {
        if (trace.IsLossless)
        {
            _chunks.TryAdd(id, new(trace));
            return _chunks[id];
        }

        while (_tail <= id)
        {
            if (_tail - Head == trace.MaxChunks || (_chunks.Count > 0 && id - _tail >= trace.MaxChunks))
            {
                Emit(Head++);
            }
            else if (id - _tail >= trace.MaxChunks)
            {
                Head = _tail = id - trace.MaxChunks + 1;
            }
            else
            {
                _chunks.Add(_tail++, new(trace));
            }
        }

        return _chunks[id];
    }

    /// <summary>All streams have ended.</summary>
    public void Finish()
    {
        while (_chunks.Count > 0)
        {
            Emit(_chunks.First().Key);
        }
    }

    private void Emit(long id)
    {
        NaiveChunk chunk = _chunks[id];
        Emitted.Add(new(
            id, _latest is null ? 0 : id - _latest.Value - 1, Convert.ToHexStringLower(chunk.Present),
            Convert.ToHexStringLower(chunk.Extra), Convert.ToHexStringLower(chunk.Data)));
        _latest = id;
        _chunks.Remove(id);
    }
}
