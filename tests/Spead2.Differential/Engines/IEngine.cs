// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Engines;

/// <summary>Something that receives packets.</summary>
internal interface IEngine
{
    /// <summary>What the command line and reports call it.</summary>
    string Name { get; }

    /// <summary>Receives a trace until the stream has ended.</summary>
    Observation Run(Trace trace);
}
