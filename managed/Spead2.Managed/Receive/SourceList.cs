// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The packet sources of a stream. Any thread.</summary>
internal sealed class SourceList
{
    private readonly Lock _lock = new();
    private Source[] _sources = [];
    private int _latestNumber;

    // Of sources that were removed. Under the lock.
    private long _removedDropped;
    private long _removedUnused;

    /// <summary>The sources that there are now.</summary>
    public ReadOnlySpan<Source> All => Volatile.Read(ref _sources);

    /// <summary>Whether there is more than one.</summary>
    public bool AreSeveral => All.Length > 1;

    public void Add(Source source)
    {
        lock (_lock)
        {
            source.Number = ++_latestNumber;
            Volatile.Write(ref _sources, [.. _sources, source]);
        }
    }

    /// <summary>Takes a source out for good; its drops go on to be counted.</summary>
    public void Remove(Source source)
    {
        source.Close();
        lock (_lock)
        {
            int index = Array.IndexOf(_sources, source);
            if (index >= 0)
            {
                _removedDropped += source.Dropped;
                _removedUnused += source.Unused;
                Volatile.Write(ref _sources, [.. _sources[..index], .. _sources[(index + 1)..]]);
            }
        }

        source.Release();
    }

    /// <summary>Gives every source a slice, as packets may be handed over from now on.</summary>
    public void Post()
    {
        foreach (Source source in All)
        {
            source.Post();
        }
    }

    /// <summary>The source of a number, unless it has been closed.</summary>
    public Source? Find(int number)
    {
        foreach (Source source in All)
        {
            if (source.Number == number && !source.IsClosed)
            {
                return source;
            }
        }

        return null;
    }

    /// <summary>Closes all sources. Without any lock.</summary>
    public void Close()
    {
        foreach (Source source in All)
        {
            source.Close();
        }
    }

    /// <summary>Gives up what the closed sources hold. Once.</summary>
    public void Release()
    {
        foreach (Source source in All)
        {
            source.Release();
        }
    }

    /// <summary>Messages that the kernel has dropped so far, of all sources that there ever were.</summary>
    public long CountDropped()
    {
        lock (_lock)
        {
            long dropped = _removedDropped;
            foreach (Source source in _sources)
            {
                source.UpdateDropped();
                dropped += source.Dropped;
            }

            return dropped;
        }
    }

    /// <summary>Datagrams that closed sources had taken, but not handed over.</summary>
    public long CountUnused()
    {
        lock (_lock)
        {
            long unused = _removedUnused;
            foreach (Source source in _sources)
            {
                unused += source.Unused;
            }

            return unused;
        }
    }
}
