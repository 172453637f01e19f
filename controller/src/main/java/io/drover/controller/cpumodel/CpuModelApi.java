package io.drover.controller.cpumodel;

import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.HostId;
import io.drover.controller.stream.Calls;
import io.drover.proto.v1.CpuModel;
import io.drover.proto.v1.CpuModelServiceGrpc;
import io.drover.proto.v1.CreateCpuModelRequest;
import io.drover.proto.v1.DeleteCpuModelRequest;
import io.drover.proto.v1.DeleteCpuModelResponse;
import io.drover.proto.v1.GetCpuModelRequest;
import io.drover.proto.v1.ListCpuModelsRequest;
import io.drover.proto.v1.ListCpuModelsResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** drover.v1.CpuModelService. */
public final class CpuModelApi extends CpuModelServiceGrpc.CpuModelServiceImplBase {
    private static final int MAX_DESCRIPTION_CHARS = 1_000;

    private final Calls calls;
    private final CpuModelOperations operations;

    public CpuModelApi(Calls calls, CpuModelOperations operations) {
        this.calls = calls;
        this.operations = operations;
    }

    @Override
    public void createCpuModel(CreateCpuModelRequest request, StreamObserver<CpuModel> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<CpuModelId> id = violations.id("cpu_model_id", request.getCpuModelId(), CpuModelId::new);
            Set<HostId> hosts = new TreeSet<>();
            for (int index = 0; index < request.getHostsCount(); index++) {
                violations.name("hosts[" + index + "]", request.getHosts(index), HostId.COLLECTION, HostId::new)
                        .ifPresent(hosts::add);
            }
            violations.require(request.getHostsCount() + request.getHostSelectorCount() > 0, "hosts",
                    "none (expected: some, or a host_selector)");
            violations.require(request.getDescription().length() <= MAX_DESCRIPTION_CHARS, "description",
                    request.getDescription().length() + " characters (expected: at most " + MAX_DESCRIPTION_CHARS
                            + ")");
            violations.requestId(request.getRequestId());
            violations.throwIfAny();
            return message(operations.create(id.orElseThrow(), hosts, request.getHostSelectorMap(),
                    request.getDescription(), request.getRequestId()));
        });
    }

    @Override
    public void getCpuModel(GetCpuModelRequest request, StreamObserver<CpuModel> response) {
        calls.unary(response, () -> message(operations.get(id(request.getName()))));
    }

    @Override
    public void listCpuModels(ListCpuModelsRequest request, StreamObserver<ListCpuModelsResponse> response) {
        calls.unary(response, () -> {
            int size = PageSize.of(request.getPageSize());
            Optional<CpuModelId> after = PageToken.decode(request.getPageToken(), CpuModelId.COLLECTION, "")
                    .map(CpuModelId::new);
            List<io.drover.controller.record.CpuModel> page = operations.page(after, size + 1);
            ListCpuModelsResponse.Builder list = ListCpuModelsResponse.newBuilder();
            page.stream().limit(size).forEach(model -> list.addCpuModels(message(model)));
            if (page.size() > size) {
                list.setNextPageToken(
                        new PageToken(CpuModelId.COLLECTION, "", page.get(size - 1).id().value()).encode());
            }
            return list.build();
        });
    }

    @Override
    public void deleteCpuModel(DeleteCpuModelRequest request, StreamObserver<DeleteCpuModelResponse> response) {
        calls.unary(response, () -> {
            operations.delete(id(request.getName()));
            return DeleteCpuModelResponse.getDefaultInstance();
        });
    }

    private CpuModel message(io.drover.controller.record.CpuModel model) {
        return CpuModelMessages.of(model, operations.hostsWith(model));
    }

    private static CpuModelId id(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<CpuModelId> id = violations.name("name", name, CpuModelId.COLLECTION, CpuModelId::new);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
