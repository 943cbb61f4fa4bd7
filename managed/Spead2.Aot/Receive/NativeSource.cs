// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>A packet source in the hands of a C program; it stays valid when its stream has been destroyed.</summary>
/// <param name="kind">What it is.</param>
/// <param name="source">The source; null if the stream had ended when it was to be added.</param>
internal sealed class NativeSource(sp2_source_kind kind, Source? source)
{
    public sp2_source_kind Kind => kind;

    public Source? Source => source;

    public sp2_source_state State =>
        source is null ? sp2_source_state.SP2_SOURCE_ENDED
        : source.IsRemoved ? sp2_source_state.SP2_SOURCE_REMOVED
        : source.IsClosed ? sp2_source_state.SP2_SOURCE_ENDED
        : source.IsUnstarted ? sp2_source_state.SP2_SOURCE_UNSTARTED
        : source.IsBlocked ? sp2_source_state.SP2_SOURCE_BLOCKED
        : sp2_source_state.SP2_SOURCE_RUNNING;
}
