// SPDX-License-Identifier: MIT

namespace Spead2.Managed.Tests;

/// <summary>When bursts may go out, by a clock that the test turns: arithmetic only.</summary>
public sealed class RateLimiterTests
{
    private const long Begin = 1_000_000;
    private const double Ratio = 1.05;

    [Test]
    public void First_burst_of_a_stream_begins_its_schedule()
    {
        // The clock of a machine counts from its start, and not from the stream's.
        Simulation sender = new(1e6, 1000);
        for (int i = 0; i < 50; i++)
        {
            Assert.That(sender.Start(), Is.Zero);
            Assert.That(sender.Now, Is.EqualTo(Begin + i * 1_048_000L));
            sender.Send(1048);
        }
    }

    [Test]
    public void Fractions_of_a_nanosecond_are_kept()
    {
        // A third of a nanosecond a byte.
        Simulation sender = new(3e9, 1000);
        for (int i = 0; i < 30000; i++)
        {
            sender.Start();
            sender.Send(1001);
        }

        sender.Start();
        Assert.That(sender.Now, Is.EqualTo(Begin + 10_010_000).Within(1));
    }

    [Test]
    public void Late_wake_ups_do_not_lower_the_rate([Values(125e6, 625e6, 1.25e9)] double rate)
    {
        const int Bursts = 100000;
        const int Size = 65536;
        Simulation sender = new(rate, Size);
        Random random = new(7);
        for (int i = 0; i < Bursts; i++)
        {
            // 20 to 60 µs late, and once in 500 a millisecond.
            sender.Start(random.Next(500) == 0 ? 1_000_000 : 20_000 + random.Next(40_000));
            if ((sender.Now - Begin) * rate / 1e9 < (i * (double)Size) - 1)
            {
                Assert.Fail($"Burst {i} is sent at {sender.Now}, before its time.");
            }

            sender.Send(Size);
        }

        double took = Bursts * (double)Size / rate;
        Assert.That((sender.Now - Begin) / 1e9, Is.EqualTo(took).Within(0.1).Percent);
    }

    [Test]
    public void Spinning_follows_what_wake_ups_are_late_by()
    {
        Simulation sender = new(125e6, 65536);
        for (int i = 0; i < 100; i++)
        {
            sender.Start(30_000);
            sender.Send(65536);
        }

        // As early as it is late: nothing is spun through, and nothing is late.
        Assert.That(sender.Spun, Is.LessThan(1000));
        Assert.That(sender.Start(30_000), Is.LessThan(100));
        sender.Send(65536);

        // Wake-ups in time again: what is spun through becomes less with each.
        long before = sender.Spun;
        sender.Start();
        Assert.That(sender.Spun - before, Is.InRange(29_000, 30_000));
        for (int i = 0; i < 1000; i++)
        {
            sender.Send(65536);
            sender.Start();
        }

        long after = sender.Spun;
        sender.Send(65536);
        sender.Start();
        Assert.That(sender.Spun - after, Is.LessThan(10));
    }

    [Test]
    public void Spinning_has_a_limit()
    {
        Simulation sender = new(125e6, 65536);
        for (int i = 0; i < 100; i++)
        {
            sender.Start(5_000_000);
            sender.Send(65536);
        }

        Assert.That(sender.Limiter.Lateness, Is.AtMost(RateLimiter.MostSpin));
        Assert.That(sender.Spun, Is.Zero);
    }

    [Test]
    public void Late_sender_catches_up_at_the_higher_rate()
    {
        Simulation sender = new(3e9, 1000);
        sender.Start();
        sender.Send(1001);
        sender.Now += 1_000_000;
        sender.Start();
        long late = sender.Now;
        sender.Send(1001);
        sender.Start();
        Assert.That(sender.Now, Is.EqualTo(late + 317));
    }

    [Test]
    public void Time_without_heaps_is_not_made_up_for()
    {
        Simulation sender = new(1e9, 1000);
        sender.Start();
        sender.Send(1000);
        sender.Now += 1_000_000;
        sender.Limiter.Rest();
        sender.Now += 1_000_000;
        Assert.That(sender.Start(), Is.Zero);
        long resumed = sender.Now;
        sender.Send(1000);
        sender.Start();
        Assert.That(sender.Now, Is.EqualTo(resumed + 1000));
    }

    [Test]
    public void Idle_time_within_a_burst_is_not_made_up_for()
    {
        Simulation sender = new(1e9, 1000);
        sender.Start();
        sender.Send(600);
        sender.Limiter.Rest();
        Assert.That(sender.Limiter.IsRunning, Is.False);
        sender.Now += 1_000_000;
        Assert.That(sender.Start(), Is.Zero);
        long resumed = sender.Now;
        sender.Send(400);
        sender.Start();

        // The 600 bytes went out before: only the 400 take time from here.
        Assert.That(sender.Now, Is.EqualTo(resumed + 400));
    }

    [Test]
    public void Momentary_idleness_gains_nothing()
    {
        Simulation sender = new(1e6, 1000);
        for (int i = 0; i < 1000; i++)
        {
            sender.Start();
            Assert.That(sender.Now, Is.AtLeast(Begin + i * 1_000_000L));
            sender.Send(400);
            sender.Limiter.Rest();
            sender.Start();
            sender.Send(600);
        }
    }

    [Test]
    public void Packets_without_a_rate_wait_for_nothing()
    {
        Simulation sender = new(0, 1000);
        Assert.That(sender.Limiter.NsPerByte(-1), Is.Zero);
        for (int i = 0; i < 10; i++)
        {
            Assert.That(sender.Limiter.MaySend, Is.True);
            sender.Limiter.Start(sender.Now);
            sender.Send(5000);
            Assert.That(sender.Limiter.IsFull, Is.False);
        }

        // A heap with a rate of its own among them.
        sender.Limiter.Start(sender.Now);
        sender.Limiter.Add(1000, sender.Limiter.NsPerByte(1e6));
        Assert.That(sender.Limiter.IsFull, Is.True);
        sender.Limiter.Close();
        sender.Start();
        Assert.That(sender.Now, Is.EqualTo(Begin + 1_000_000));
    }

    /// <summary>A sender with a clock of its own.</summary>
    private sealed class Simulation(double rate, int burstSize)
    {
        public RateLimiter Limiter { get; } = new(rate, Ratio, burstSize);

        public long Now { get; set; } = Begin;

        /// <summary>Nanoseconds that were spun through.</summary>
        public long Spun { get; private set; }

        /// <summary>
        /// Waits as the limiter says, where each wake-up is late by so many nanoseconds, and begins to send. Gives by how
        /// much that is late.
        /// </summary>
        public long Start(long late = 0)
        {
            while (true)
            {
                switch (Limiter.Step(Now))
                {
                    case RateStep.Send:
                        return Limiter.Start(Now);
                    case RateStep.Spin:
                        Assert.That(Limiter.NotBefore - Now, Is.AtMost(RateLimiter.MostSpin));
                        Spun += Limiter.NotBefore - Now;
                        Now = Limiter.NotBefore;
                        break;
                    default:
                        Assert.That(Limiter.Alarm, Is.GreaterThan(Now));
                        Now = Limiter.Alarm + late;
                        break;
                }
            }
        }

        public void Send(int bytes)
        {
            Limiter.Add(bytes, Limiter.NsPerByte(-1));
            Limiter.Close();
        }
    }
}
