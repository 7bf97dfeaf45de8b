"""Trains small Stable-Baselines3 policies, exports them to ONNX, and writes them with onnxruntime's and SB3's own answers.

    python training/golden/sb3_policies.py packages/onnx/test/fixtures

Continuous and discrete, tanh and ReLU, squashed and clipped, with shared and separate layers, and with both exporters of PyTorch.
Needs torch, stable-baselines3, onnx, onnxruntime and onnxscript.
"""

import base64
import gzip
import io
import json
import sys
from pathlib import Path

import gymnasium
import numpy as np
import onnx
import onnxruntime
import stable_baselines3
import torch
from gymnasium import spaces
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3

FEATURES = 16
FOLDER = Path(sys.argv[1])


class Drift(gymnasium.Env):
    """The action is paid with the product of two of the observations: something to learn in a few steps."""

    def __init__(self, discrete):
        self.observation_space = spaces.Box(-10, 10, (FEATURES,), np.float32)
        self.action_space = spaces.Discrete(3) if discrete else spaces.Box(-1, 1, (1,), np.float32)
        self.discrete = discrete

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 20
        return self._observe(), {}

    def _observe(self):
        self.seen = self.np_random.normal(size=FEATURES).astype(np.float32)
        return self.seen

    def step(self, action):
        position = float(action) - 1 if self.discrete else float(np.clip(action, -1, 1)[0])
        reward = position * float(np.tanh(self.seen[0] * self.seen[1]))
        self.left -= 1
        return self._observe(), reward, self.left == 0, False, {}


class Deterministic(torch.nn.Module):
    """What `model.predict(deterministic=True)` computes, as a graph: action in [-1, 1], or probabilities of short, flat, long."""

    def __init__(self, policy, discrete, clip, plain=False):
        super().__init__()
        self.policy, self.discrete, self.clip, self.plain = policy, discrete, clip, plain

    def _actor(self, obs):
        actor = self.policy.actor
        if not hasattr(actor, "mu") or not hasattr(actor, "log_std"):
            return actor(obs)
        if self.plain:
            return torch.tanh(actor.mu(actor.latent_pi(actor.extract_features(obs, actor.features_extractor))))
        return actor(obs, deterministic=True)

    def forward(self, obs):
        if hasattr(self.policy, "actor") and self.policy.actor is not None:
            return self._actor(obs)
        if hasattr(self.policy, "q_net"):
            return torch.softmax(self.policy.q_net(obs), dim=1)
        if self.plain:  # the layers alone: the newer exporter knows no distribution
            latent = self.policy.mlp_extractor.forward_actor(self.policy.extract_features(obs))
            numbers = self.policy.action_net(latent)
            if self.discrete:
                return torch.softmax(numbers, dim=1)
            return torch.clip(numbers, -1.0, 1.0) if self.clip else torch.tanh(numbers)
        distribution = self.policy.get_distribution(obs)
        if self.discrete:
            return distribution.distribution.probs
        mean = distribution.distribution.mean
        return torch.clip(mean, -1.0, 1.0) if self.clip else torch.tanh(mean)


KINDS = {
    "ppo-continuous-clip": (PPO, False, {}, True),
    "ppo-continuous-tanh": (PPO, False, {}, False),
    "ppo-discrete": (PPO, True, {}, True),
    "ppo-relu-discrete": (PPO, True, {"policy_kwargs": {"activation_fn": torch.nn.ReLU, "net_arch": [32, 32]}}, True),
    "ppo-elu-shared": (PPO, False, {"policy_kwargs": {"activation_fn": torch.nn.ELU, "net_arch": [24]}}, True),
    "ppo-silu": (PPO, False, {"policy_kwargs": {"activation_fn": torch.nn.SiLU, "net_arch": [16, 8]}}, True),
    "ppo-gelu": (PPO, False, {"policy_kwargs": {"activation_fn": torch.nn.GELU, "net_arch": [16]}}, True),
    "ppo-mish": (PPO, False, {"policy_kwargs": {"activation_fn": torch.nn.Mish, "net_arch": [16]}}, True),
    "ppo-leaky": (PPO, False, {"policy_kwargs": {"activation_fn": torch.nn.LeakyReLU, "net_arch": [16]}}, True),
    "a2c-discrete": (A2C, True, {}, True),
    "sac-continuous": (SAC, False, {"policy_kwargs": {"net_arch": [32, 32]}, "learning_starts": 50}, False),
    "td3-continuous": (TD3, False, {"policy_kwargs": {"net_arch": [32, 32]}, "learning_starts": 50}, False),
    "dqn-softmax": (DQN, True, {"policy_kwargs": {"net_arch": [32, 32]}, "learning_starts": 50}, True),
}


def export(module, row, dynamo):
    buffer = io.BytesIO()
    if dynamo:
        torch.onnx.export(module, (row,), dynamo=True, input_names=["obs"], output_names=["action"]).save(buffer)
    else:
        torch.onnx.export(module, (row,), buffer, dynamo=False, opset_version=17, input_names=["obs"], output_names=["action"])
    return buffer.getvalue()


def main():
    torch.set_num_threads(1)
    rows = np.random.default_rng(3).normal(size=(24, FEATURES)).astype(np.float32)
    rows[0] = 0
    rows[1] = 10
    rows[2] = -10
    policies = {}
    for name, (algorithm, discrete, options, clip) in KINDS.items():
        torch.manual_seed(7)
        more = {"n_steps": 64, "batch_size": 32, "n_epochs": 4} if algorithm is PPO else {}
        model = algorithm("MlpPolicy", Drift(discrete), seed=7, device="cpu", **more, **options)
        model.learn(256 if algorithm in (PPO, A2C) else 120)
        model.policy.set_training_mode(False)
        for exporter in ("script", "dynamo"):
            module = Deterministic(model.policy, discrete, clip, exporter == "dynamo").eval()
            try:
                data = export(module, torch.from_numpy(rows[:1]), exporter == "dynamo")
            except Exception as error:
                print(f"{name} {exporter}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
                continue
            session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            outputs = [session.run(None, {"obs": rows[i : i + 1]})[0][0].tolist() for i in range(len(rows))]
            said, _ = model.predict(rows, deterministic=True)
            policies[f"{name}-{exporter}"] = {
                "onnx": base64.b64encode(data).decode(),
                "operators": sorted({node.op_type for node in onnx.load_from_string(data).graph.node}),
                "outputs": outputs,
                # what SB3 itself would do: the action, or the class; it clips where the tanh policy squashes
                "predict": np.asarray(said, dtype=float).reshape(len(rows), -1).tolist() if name != "ppo-continuous-tanh" else None,
            }
            print(name, exporter, len(data), policies[f"{name}-{exporter}"]["operators"])
    versions = {
        "torch": torch.__version__.split("+")[0],
        "stable_baselines3": stable_baselines3.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
    }
    body = json.dumps({"versions": versions, "rows": rows.tolist(), "policies": policies}).encode()
    (FOLDER / "sb3-policies.json.gz").write_bytes(gzip.compress(body, 9, mtime=0))


main()
