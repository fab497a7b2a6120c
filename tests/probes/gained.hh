#pragma once
// How a copy of this program, run with other rights, says which of them it got: by its exit status.

namespace caisson::probes {

constexpr const char* kSayWhatIsGained = "--say-what-is-gained";
constexpr int kGainedNothing = 40;
constexpr int kGainedCapabilities = 41;
constexpr int kGainedRoot = 42;
constexpr int kCannotTell = 43;

/// The exit status for who runs this.
int say_what_is_gained();

} // namespace caisson::probes
