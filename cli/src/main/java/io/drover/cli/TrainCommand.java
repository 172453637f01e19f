package io.drover.cli;

import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.ListVmsResponse;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.VmState;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * Does what most commands do, against a server of its own, so that the JVM that makes the AOT cache sees the classes that they
 * need. The launcher runs it after a build.
 */
@Command(name = "__train", hidden = true)
final class TrainCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    TrainCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException {
        Server server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create()).addService(new OneVm())
                .build()
                .start();
        try {
            PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
            Drover drover = new Drover(new Surroundings(InputStream.nullInputStream(), nowhere, nowhere,
                    Map.of("DROVER_CONTROLLER", "127.0.0.1:" + server.getPort()),
                    Set.of(Surroundings.Descriptor.OUT, Surroundings.Descriptor.ERR), surroundings.clock()));
            drover.run("vm", "list");
            drover.run("vm", "get", "x");
            drover.run("vm", "get", "x", "-o", "json");
            drover.run("vm", "list", "-o", "yaml");
            // Answered with an error, which is also of use.
            drover.run("vm", "create", "x", "--image", "x", "--explain");
            drover.run("__complete", "--", "vm", "get", "");
        } finally {
            server.shutdownNow();
        }
        return ExitCode.OK.number();
    }

    private static final class OneVm extends VmServiceGrpc.VmServiceImplBase {
        private static final Vm VM = Vm.newBuilder().setName("vms/x").setState(VmState.VM_STATE_RUNNING)
                .setHost("hosts/x")
                .build();

        @Override
        public void listVms(ListVmsRequest request, StreamObserver<ListVmsResponse> observer) {
            observer.onNext(ListVmsResponse.newBuilder().addVms(VM).build());
            observer.onCompleted();
        }

        @Override
        public void getVm(GetVmRequest request, StreamObserver<Vm> observer) {
            observer.onNext(VM);
            observer.onCompleted();
        }
    }
}
