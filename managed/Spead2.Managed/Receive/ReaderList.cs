// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The readers of a stream: a list that only grows. Any thread.</summary>
internal sealed class ReaderList
{
    private Reader[] _readers = [];

    /// <summary>The readers that there are now.</summary>
    public ReadOnlySpan<Reader> All => Volatile.Read(ref _readers);

    public void Add(Reader reader)
    {
        Reader[] old = Volatile.Read(ref _readers);
        Reader[] seen = old;
        do
        {
            old = seen;
            seen = Interlocked.CompareExchange(ref _readers, [.. old, reader], old);
        }
        while (seen != old);
    }

    /// <summary>Lets paused readers go on. Under the stream's lock.</summary>
    public void Resume()
    {
        foreach (Reader reader in All)
        {
            if (reader.IsPaused)
            {
                reader.IsPaused = false;
                reader.Post();
            }
        }
    }

    /// <summary>Closes all readers. Without any lock.</summary>
    public void Close()
    {
        foreach (Reader reader in All)
        {
            reader.Close();
        }
    }

    /// <summary>Gives up what the closed readers hold. Once.</summary>
    public void Release()
    {
        foreach (Reader reader in All)
        {
            reader.Release();
        }
    }

    /// <summary>Packets that the kernel has dropped so far, of all readers.</summary>
    public long CountDropped()
    {
        long dropped = 0;
        foreach (Reader reader in All)
        {
            reader.UpdateDropped();
            dropped += reader.Dropped;
        }

        return dropped;
    }

    /// <summary>Packets that closed readers had taken from their sources, but not used.</summary>
    public long CountUnused()
    {
        long unused = 0;
        foreach (Reader reader in All)
        {
            unused += reader.Unused;
        }

        return unused;
    }
}
