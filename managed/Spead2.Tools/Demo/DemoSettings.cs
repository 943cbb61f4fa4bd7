// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Demo;

/// <summary>What `spead2 demo` is asked to do.</summary>
internal sealed record DemoSettings(long Heaps, long HeapSize, double Rate, string Engine, bool Json);
