"""Writes a network as ONNX, with what the library must know beside it, and checks that nothing changed on the way."""
import io
import json

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn as nn

OPERATORS = {"Conv", "BatchNormalization", "Mul", "Add", "Sub", "Div", "Relu", "AveragePool", "GlobalAveragePool", "Flatten", "Gemm"}


def export(model, path, shape, description):
    """The ONNX file with its batch normalisation kept; `shape` is one image's. Returns its bytes' number."""
    buffer = io.BytesIO()
    # In EVAL mode PyTorch 1.13 folds BN into the convolution; PRESERVE on an eval() model keeps it.
    torch.onnx.export(model.eval(), torch.zeros(1, *shape), buffer, training=torch.onnx.TrainingMode.PRESERVE,
                      do_constant_folding=False, opset_version=13, input_names=["image" if len(shape) > 1 else "features"],
                      output_names=["logits"])
    graph = onnx.load_from_string(buffer.getvalue())
    onnx.helper.strip_doc_string(graph)
    separate(graph.graph)
    graph.metadata_props.add(key="blindsight", value=json.dumps(description))
    onnx.checker.check_model(graph, full_check=True)
    kinds = [node.op_type for node in graph.graph.node]
    assert set(kinds) <= OPERATORS, kinds
    norms = sum(isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)) for m in model.modules())
    assert kinds.count("BatchNormalization") == norms, kinds
    for node in graph.graph.node:
        if node.op_type == "BatchNormalization":
            assert len(node.output) == 1 and all(a.i == 0 for a in node.attribute if a.name == "training_mode")
    # Nothing may change on the way: every tensor of the file is a tensor of the model, bit for bit.
    state = model.state_dict()
    for tensor in graph.graph.initializer:
        assert np.array_equal(onnx.numpy_helper.to_array(tensor), state[tensor.name].numpy()), tensor.name
    onnx.save(graph, path)
    return path.stat().st_size


def separate(graph):
    """PyTorch writes equal tensors once, with an Identity for the others, such as the shifts of two norms that are added: one each."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in tensors]:
        copy = graph.initializer.add()
        copy.CopyFrom(tensors[node.input[0]])
        copy.name = node.output[0]
        tensors[copy.name] = copy
        graph.node.remove(node)
