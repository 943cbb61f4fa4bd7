// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Soak.Sending;

/// <summary>
/// Sends datagrams to one port of this host on a thread of its own, one system call each, so that the kernel counts
/// each one that it drops. On loopback a datagram is in the receiver's socket, or dropped, when the call returns.
/// </summary>
internal abstract class Traffic : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly RateLimiter _limiter;
    private readonly Thread _thread;
    private readonly object _gate = new();

    // Changed under the gate.
    private volatile bool _mayRun;
    private volatile bool _ended;
    private bool _rests = true;
    private Exception? _fault;
    private long _datagrams;
    private long _bytes;

    /// <summary>Makes a sender that waits for <see cref="Resume"/>.</summary>
    /// <param name="port">Where the datagrams go.</param>
    /// <param name="bytesPerSecond">How fast; 0 means as fast as possible.</param>
    protected Traffic(int port, double bytesPerSecond)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _limiter = new RateLimiter(bytesPerSecond);
        _thread = new Thread(Run) { IsBackground = true, Name = GetType().Name };
    }

    /// <summary>Datagrams that the kernel has taken.</summary>
    public long Datagrams => Volatile.Read(ref _datagrams);

    /// <summary>Their bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Sends from now on.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _mayRun = true;
            Monitor.PulseAll(_gate);
            if (!_thread.IsAlive && _fault is null)
            {
                // Not in the constructor, which runs before those of derived classes.
                _rests = false;
                _thread.Start();
            }
        }
    }

    /// <summary>Ends the sending; when it returns every datagram has been sent.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            _mayRun = false;
            while (!_rests)
            {
                Monitor.Wait(_gate);
            }

            if (_fault is { } fault)
            {
                throw new InvalidOperationException($"A sender failed: {fault.Message}", fault);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _socket.Dispose();
    }

    /// <summary>Sends some datagrams.</summary>
    protected abstract void Step();

    /// <summary>Sends what was held back.</summary>
    protected virtual void Flush()
    {
        // Most hold nothing back.
    }

    /// <summary>Sends a datagram.</summary>
    protected void Send(ReadOnlySpan<byte> datagram)
    {
        _socket.Send(datagram);
        Volatile.Write(ref _datagrams, _datagrams + 1);
        Volatile.Write(ref _bytes, _bytes + datagram.Length);
        _limiter.Sent(datagram.Length);
    }

    private void Run()
    {
        try
        {
            while (!_ended)
            {
                if (_mayRun)
                {
                    Step();
                }
                else
                {
                    Flush();
                    Rest();
                }
            }
        }
        catch (SocketException exception)
        {
            lock (_gate)
            {
                _fault = exception;
                _rests = true;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void Rest()
    {
        lock (_gate)
        {
            _rests = true;
            Monitor.PulseAll(_gate);
            while (!_mayRun && !_ended)
            {
                Monitor.Wait(_gate);
            }

            _rests = false;
        }
    }
}
