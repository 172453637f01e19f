package io.drover.controller.vm;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.Consoles;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The consoles of a VM in the public API. */
final class VmConsoles {
    private VmConsoles() {}

    /**
     * What a client asks for; what is left of it, when something is wrong with it.
     *
     * @param field the path of the consoles in its request
     */
    static Consoles read(io.drover.proto.v1.VmConsoles consoles, String field, Violations violations) {
        violations.require(consoles.getKind() != io.drover.proto.v1.VmConsoles.Kind.UNRECOGNIZED, field + ".kind",
                consoles.getKindValue() + " (expected: SERIAL or VIRTIO)");
        violations.require(consoles.getPortsCount() <= Consoles.MAX_PORTS, field + ".ports",
                consoles.getPortsCount() + " ports (expected: at most " + Consoles.MAX_PORTS + ")");
        Set<String> names = new LinkedHashSet<>();
        for (String name : consoles.getPortsList()) {
            violations.require(Consoles.isName(name), field + ".ports", Violations.quoted(name)
                    + " (expected: 1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit)");
            violations.require(!names.contains(name), field + ".ports",
                    Violations.quoted(name) + " is there twice (expected: another name for each)");
            if (Consoles.isName(name) && names.size() < Consoles.MAX_PORTS) {
                names.add(name);
            }
        }
        return new Consoles(consoles.getKind() == io.drover.proto.v1.VmConsoles.Kind.VIRTIO, List.copyOf(names));
    }

    static io.drover.proto.v1.VmConsoles message(Consoles consoles) {
        return io.drover.proto.v1.VmConsoles.newBuilder()
                .setKind(consoles.virtio() ? io.drover.proto.v1.VmConsoles.Kind.VIRTIO
                        : io.drover.proto.v1.VmConsoles.Kind.SERIAL)
                .addAllPorts(consoles.ports()).build();
    }
}
