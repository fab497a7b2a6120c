#pragma once

#include <string>
#include <vector>

namespace caisson::sandbox {

struct CellSetup;
struct Plan;

// The steps of cell/setup.cc, one declaration each; the table there says why each stands where it
// stands. Every one throws where its wall cannot be raised.

// handover.cc
void await_plan(CellSetup& setup);
// identity.cc
void die_with_chamber(CellSetup& setup);
void keep_to_itself(CellSetup& setup);
void take_identity(CellSetup& setup);
void drop_privileges(CellSetup& setup);
void forbid_gains(CellSetup& setup);
// groups.cc
void join_cgroups(CellSetup& setup);
void hide_cgroups(CellSetup& setup);
// root.cc
void detach_mounts(CellSetup& setup);
void mount_root(CellSetup& setup);
void move_in(CellSetup& setup);
void enter_root(CellSetup& setup);
// procfs.cc
void open_procfs(CellSetup& setup);
void be_killed_first(CellSetup& setup);
void forbid_user_namespaces(CellSetup& setup);
void mount_procfs(CellSetup& setup);
// figures.cc
void lay_figures(CellSetup& setup);
void state_memory(CellSetup& setup);
// devices.cc
void mount_devices(CellSetup& setup);
// binds.cc
/// The path of the host directory that lies below all trees of the root; empty: there is none.
[[nodiscard]] std::string lowest_layer(const Plan& plan);
void mount_binds(CellSetup& setup);
// files.cc
void place_files(CellSetup& setup);
// network.cc
void name_host(CellSetup& setup);
// init.cc
/// Leaves the caller, for good, what process 1 of a cell does: wait, write one line, end.
void confine_init();
void split_off_init(CellSetup& setup);
void take_personality(CellSetup& setup);
void open_session(CellSetup& setup);
// limits.cc
void set_limits(CellSetup& setup);
// user.cc
void find_user(CellSetup& setup);
// landlock.cc
void restrict_files(CellSetup& setup);
// program.cc
void enter_working_directory(CellSetup& setup);
void find_program(CellSetup& setup);
void read_filter(CellSetup& setup);
void meet_supervisor(CellSetup& setup);
/// Standard input, output and error stay open too.
void close_all_but(std::vector<int> kept);
void close_unlisted(CellSetup& setup);
void filter_and_execute(CellSetup& setup);

} // namespace caisson::sandbox
