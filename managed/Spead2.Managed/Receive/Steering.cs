// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Sources of one port that share its heaps, each for a stream of its own: every heap belongs to one of these members, by
/// its cnt. The kernel steers as many packets as it can to the socket of their member. A stray, a packet that another
/// member got, is handed over.
/// </summary>
/// <remarks>
/// Strays wait in queues, one for each pair of members, so that each keeps the order of a socket. But between sockets there
/// is no order: what is missing of a heap may be a stray that another member has not come to yet. So a heap that newer ones
/// push out stays live until a round has passed: the member asks all of them, and each answers when it has handed over
/// all that its socket had when it was asked. And a packet that would move a window of chunks is held back, with what comes
/// behind it in its queue, until a round has passed after everything else was taken; then the packet of the earliest chunk
/// goes first. A member that cannot go on itself, as its sink is full or as it is in a round, too, answers by moving what is
/// its own to a queue as well.
/// </remarks>
internal sealed class Steering
{
    private readonly StrayQueue[] _queues;
    private long _requests;
    private long _ending;
    private long _impatientUntil;

    public Steering(int count)
    {
        Members = new SteeredMember[count];
        for (int i = 0; i < count; i++)
        {
            Members[i] = new(this, i);
        }

        _queues = new StrayQueue[count * count];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = new();
        }
    }

    public SteeredMember[] Members { get; }

    /// <summary>Requests that were made so far.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>The request of a stop item; 0: none came.</summary>
    public long Ending => Volatile.Read(ref _ending);

    /// <summary>Until when nobody waits for answers.</summary>
    public long ImpatientUntil
    {
        get => Volatile.Read(ref _impatientUntil);
        set => Volatile.Write(ref _impatientUntil, value);
    }

    public StrayQueue Queue(int giver, int taker) => _queues[giver * Members.Length + taker];

    public long MakeRequest() => Interlocked.Increment(ref _requests);

    /// <summary>A stop item came: the streams of all members end when they have what was sent before it.</summary>
    public void End()
    {
        Interlocked.CompareExchange(ref _ending, MakeRequest(), 0);
        WakeAll();
    }

    /// <summary>Whether all members have answered a request.</summary>
    public bool HasAnswers(long request)
    {
        foreach (SteeredMember member in Members)
        {
            if (member.Answered < request)
            {
                return false;
            }
        }

        return true;
    }

    public void WakeAll()
    {
        foreach (SteeredMember member in Members)
        {
            member.Wake();
        }
    }

    /// <summary>A member has answered, or is closed.</summary>
    public void WakeAskers()
    {
        foreach (SteeredMember member in Members)
        {
            member.WakeAsker();
        }
    }

    /// <summary>There is room for more strays.</summary>
    public void WakeGivers()
    {
        foreach (SteeredMember member in Members)
        {
            member.WakeGiver();
        }
    }
}
