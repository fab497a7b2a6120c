#pragma once

namespace caisson::sandbox {

struct Finding;
struct HostView;

// The checks of host/check.cc, one declaration each; the table there says what each is good for.

// namespaces.cc
Finding check_user_namespaces(const HostView& host);
Finding check_nested_user_namespaces(const HostView& host);
Finding check_other_namespaces(const HostView& host);
Finding check_id_programs(const HostView& host);
// mounts.cc
Finding check_mount_calls(const HostView& host);
Finding check_overlay(const HostView& host);
Finding check_overlay_layers(const HostView& host);
Finding check_procfs(const HostView& host);
Finding check_device_nodes(const HostView& host);
Finding check_owner_maps(const HostView& host);
// calls.cc
Finding check_process_calls(const HostView& host);
Finding check_path_calls(const HostView& host);
Finding check_sealed_memory(const HostView& host);
Finding check_filters(const HostView& host);
Finding check_supervisors(const HostView& host);
Finding check_landlock(const HostView& host);
// surroundings.cc
Finding check_store_kind(const HostView& host);
Finding check_store_attributes(const HostView& host);
Finding check_store_space(const HostView& host);
Finding check_core_pattern(const HostView& host);
Finding check_tracing(const HostView& host);
Finding check_rings(const HostView& host);
Finding check_programs_in_kernel(const HostView& host);

} // namespace caisson::sandbox
