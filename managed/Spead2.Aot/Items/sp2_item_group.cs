// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>What C programs hold of a group.</summary>
internal struct sp2_item_group;
