// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;

namespace Spead2.Managed.Tests;

/// <summary>Messages as no kernel of today delivers them.</summary>
public sealed unsafe class UdpSourceTests
{
    private const int MaxSize = 9200;

    [Test]
    public void Cut_off_message_spoils_its_last_segment_only()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> datagrams = Packets.OfHeaps(4);
        StreamCore core = new(new(), ManagedIoThreads.NewThreads(), EngineLog.For(NullLogger.Instance));
        try
        {
            core.Add(new UdpSource(core, core.Threads.Assign(), new OneMessage(datagrams), MaxSize));
            Poll.Until(() => core.Statistics.Truncated == 1, "the last segment is counted");

            Assert.That(core.Statistics.Heaps, Is.EqualTo(datagrams.Count - 1));
        }
        finally
        {
            core.Release(wait: true);
        }
    }

    [TestCase(15, 0)]
    [TestCase(16, 1)]
    [TestCase(31, 1)]
    [TestCase(32, 2)]
    public void Socket_is_left_alone_after_16_failures_in_a_row(int failures, int pauses)
    {
        OneMessage socket = new(Packets.OfHeaps(4)) { Failures = failures };
        StreamCore core = new(new(), ManagedIoThreads.NewThreads(), EngineLog.For(NullLogger.Instance));
        try
        {
            core.Add(new UdpSource(core, core.Threads.Assign(), socket, MaxSize));
            Poll.Until(() => core.Statistics.Truncated == 1, "the message has come");

            // It is waited for in each pause.
            Assert.That(socket.ArmedBeforeMessage, Is.EqualTo(pauses));
        }
        finally
        {
            core.Release(wait: true);
        }
    }

    /// <summary>A socket that receives one message, whose end is missing.</summary>
    private sealed class OneMessage : DatagramSocket
    {
        private readonly byte* _bytes;
        private readonly int _length;
        private readonly int _segment;
        private bool _isTaken;

        /// <param name="datagrams">What was coalesced into the message: all of one length.</param>
        public OneMessage(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
        {
            byte[] all = Packets.Concatenate(datagrams);
            _segment = datagrams[0].Length;
            _length = all.Length;
            _bytes = (byte*)NativeMemory.Alloc((nuint)all.Length);
            all.CopyTo(new Span<byte>(_bytes, all.Length));
        }

        /// <summary>Receptions that fail before it.</summary>
        public int Failures { get; set; }

        /// <summary>How often it was armed before it.</summary>
        public int ArmedBeforeMessage { get; private set; }

        public override IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 1);

        public override bool IsDrained => true;

        public override IPEndPoint? LastSender => null;

        public override bool AsksSenders { get; set; }

        public override SenderAddress SenderOf(int index) => default;

        public override UdpMessage this[int index] => new(_bytes, _length, _segment, isTruncated: true);

        public override Spead2Exception? Arm()
        {
            ArmedBeforeMessage += _isTaken ? 0 : 1;
            return null;
        }

        public override void Disarm()
        {
            // It never calls.
        }

        public override Reception Receive()
        {
            if (Failures > 0)
            {
                Failures--;
                return new(0, "it was made to fail");
            }

            int count = _isTaken ? 0 : 1;
            _isTaken = true;
            return new(count);
        }

        public override void Close()
        {
            // There is nothing to close.
        }

        public override void Dispose() => NativeMemory.Free(_bytes);

        public override long CountDrops() => 0;
    }
}
