// SPDX-License-Identifier: MIT

using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Record;

/// <summary>Chunks that are recycled, and no more of them than memory was given. Any thread.</summary>
/// <param name="format">How they are filled.</param>
/// <param name="memory">Bytes that they may take.</param>
internal sealed class ChunkStore(CaptureFormat format, long memory) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Chunk> _all = [];
    private readonly Stack<Chunk> _free = [];

    /// <summary>An empty chunk; null if all are in use.</summary>
    public Chunk? TryTake()
    {
        lock (_gate)
        {
            if (_free.TryPop(out Chunk? chunk))
            {
                chunk.Clear();
            }
            else if (_all.Count < memory / Chunk.Size)
            {
                chunk = new(format);
                _all.Add(chunk);
            }

            return chunk;
        }
    }

    /// <summary>Takes a chunk back.</summary>
    public void Return(Chunk chunk)
    {
        lock (_gate)
        {
            _free.Push(chunk);
        }
    }

    public void Dispose() => _all.ForEach(chunk => chunk.Dispose());
}
