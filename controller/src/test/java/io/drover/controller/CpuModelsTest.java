package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.state.v1.CpuidLeaf;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.CpuModel;
import io.drover.proto.v1.CpuModelServiceGrpc;
import io.drover.proto.v1.CreateCpuModelRequest;
import io.drover.proto.v1.DeleteCpuModelRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.GetCpuModelRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.ListCpuModelsRequest;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.VmSpec;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CPU models, and VMs that have one. */
final class CpuModelsTest {
    private static final CpuidLeaf AMD = CpuidLeaf.newBuilder().setEax(0x10).setEbx(0x6874_7541).setEcx(0x444D_4163)
            .setEdx(0x6974_6E65).build();
    private static final CpuidLeaf INTEL = CpuidLeaf.newBuilder().setEax(0x1B).setEbx(0x756E_6547).setEcx(0x6C65_746E)
            .setEdx(0x4965_6E69).build();
    /** With AVX, FMA and VMX. */
    private static final CpuidLeaf MILAN = CpuidLeaf.newBuilder().setFunction(1).setEax(0xA00F11)
            .setEcx(1 << 28 | 1 << 12 | 1 << 5).setEdx(1 << 26).build();
    /** With AVX and VMX. */
    private static final CpuidLeaf ROME = CpuidLeaf.newBuilder().setFunction(1).setEax(0x830F10)
            .setEcx(1 << 28 | 1 << 5).setEdx(1 << 26).build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private final List<StartVmRequest> starts = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private void host(String name, CpuidLeaf... cpu) {
        FakeAgent host = cloud.host(name);
        if (cpu.length > 0) {
            host.showsCpu(List.of(cpu));
            Eventually.get(() -> cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/" + name).build()),
                    seen -> seen.getDriversList().stream().allMatch(HostDriver::getUsable));
        }
        host.onStart(request -> {
            starts.add(request);
            return Optional.empty();
        });
    }

    private CpuModelServiceGrpc.CpuModelServiceBlockingV2Stub models() {
        return CpuModelServiceGrpc.newBlockingV2Stub(cloud.channel()).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private CpuModel created(String name, String... hosts) throws Exception {
        return models().createCpuModel(request(name, hosts));
    }

    private static CreateCpuModelRequest request(String name, String... hosts) {
        return CreateCpuModelRequest.newBuilder().setCpuModelId(name)
                .addAllHosts(List.of(hosts).stream().map(host -> "hosts/" + host).toList()).build();
    }

    @Test
    void modelIsWhatItsHostsHaveInCommonAndItsVmsRunWhereAllOfItIs() throws Exception {
        host("milan", AMD, MILAN);
        host("rome", AMD, ROME);
        host("xeon", INTEL, ROME);
        host("plain");
        CpuModel rack = created("rack", "milan", "rome");
        assertThat(rack.getVendor()).isEqualTo("AuthenticAMD");
        assertThat(List.of(rack.getFamily(), rack.getModel(), rack.getStepping())).containsExactly(23, 49, 0);
        assertThat(rack.getFeaturesList()).containsExactly("avx", "sse2");
        assertThat(rack.getSourceHostsList()).containsExactly("hosts/milan", "hosts/rome");
        assertThat(rack.getHostsList()).containsExactly("hosts/milan", "hosts/rome");
        CpuModel fast = created("fast", "milan");
        assertThat(fast.getFeaturesList()).containsExactly("avx", "fma", "sse2");
        assertThat(fast.getHostsList()).containsExactly("hosts/milan");
        assertThat(models().listCpuModels(ListCpuModelsRequest.getDefaultInstance()).getCpuModelsList())
                .containsExactly(fast, rack);

        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setCpuModel("cpuModels/fast").build();
        assertThat(cloud.end(cloud.vms().createVm(Cloud.creation("web-1", spec))).getState())
                .isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/milan");
        assertThat(cloud.vm("web-1").getSpec().getCpuModel()).isEqualTo("cpuModels/fast");
        StartVmRequest order = starts.getFirst();
        assertThat(order.getDriver()).isEqualTo("kvm");
        assertThat(order.getCpuModel().getName()).isEqualTo("fast");
        assertThat(order.getCpuModel().getLeavesList()).hasSize(2);
        assertThat(order.getCpuModel().getLeaves(1).getEcx()).as("VMX stays behind").isEqualTo(1 << 28 | 1 << 12);

        Placement elsewhere = cloud.vms().explainPlacement(ExplainPlacementRequest.newBuilder()
                .setSpec(spec.toBuilder().setVcpus(17)).build());
        assertThat(elsewhere.getRejectedList()).anyMatch(count -> count.getFilter().equals("cpu_model")
                && count.getHosts() == 2);

        Refusals inUse = Refusals.of(() -> models()
                .deleteCpuModel(DeleteCpuModelRequest.newBuilder().setName("cpuModels/fast").build()));
        assertThat(inUse.reason()).isEqualTo("CPU_MODEL_IN_USE");
        cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").setForce(true).build()));
        models().deleteCpuModel(DeleteCpuModelRequest.newBuilder().setName("cpuModels/fast").build());
        assertThat(Refusals.of(() -> models()
                .getCpuModel(GetCpuModelRequest.newBuilder().setName("cpuModels/fast").build())).code())
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        host("milan", AMD, MILAN);
        host("rome", AMD, ROME);
        created("fast", "milan");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/milan").build());
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setCpuModel("cpuModels/fast").build();
        Placement nowhere = Eventually.get(() -> cloud.vms()
                .explainPlacement(ExplainPlacementRequest.newBuilder().setSpec(spec).build()),
                placement -> placement.getHost().isEmpty());
        assertThat(nowhere.getNearestMiss()).isEqualTo("host rome lacks of the CPU model fma");
    }

    @Test
    void hostsWithoutACommonCpuMakeNoModel() throws Exception {
        host("rome", AMD, ROME);
        host("xeon", INTEL, ROME);
        host("plain");
        created("alone", "rome");
        created("other", "xeon");
        Refusals apart = Refusals.of(() -> models().createCpuModel(request("both", "rome", "xeon")));
        assertThat(apart.reason()).isEqualTo("CPUS_DIFFER");
        assertThat(apart.message()).contains("hosts/xeon", "AuthenticAMD", "GenuineIntel");
        Refusals none = Refusals.of(() -> models().createCpuModel(request("all", "rome", "plain")));
        assertThat(none.reason()).isEqualTo("NO_CPU");
        assertThat(Refusals.of(() -> models().createCpuModel(request("empty"))).code())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(Refusals.of(() -> models().createCpuModel(request("alone", "rome"))).code())
                .isEqualTo(Status.Code.ALREADY_EXISTS);
        VmSpec qemu = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setCpuModel("cpuModels/alone").setDriver("qemu")
                .build();
        Refusals refused = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("web-1", qemu)));
        assertThat(refused.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refused.status().toString()).contains("the driver qemu has no CPU models");
    }
}
