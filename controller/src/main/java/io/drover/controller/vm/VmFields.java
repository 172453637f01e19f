package io.drover.controller.vm;

import io.drover.controller.feed.VmSight;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import java.util.Map;
import java.util.function.Function;

/** What filters of VMs may ask for. */
final class VmFields {
    static final Map<String, Function<VmSight, String>> FIELDS = Map.of("state", sight -> sight.vm().phase().name(),
            "host",
            sight -> sight.vm().owner().map(Owner::host).map(HostId::resourceName).orElse(""), "image",
            sight -> sight.vm().spec().image().resourceName(), "driver", VmSight::driver, "name",
            sight -> sight.vm().id().resourceName());

    private VmFields() {}
}
