package server

import (
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"fairlot/engine"
)

// internalFault is the reason of what is nobody's fault but ours; the engine has no such refusal.
const internalFault engine.Reason = "INTERNAL"

// codeOf is the one table from reasons to gRPC codes.
var codeOf = map[engine.Reason]codes.Code{
	engine.CampaignNotFound:   codes.NotFound,
	engine.EntryNotFound:      codes.NotFound,
	engine.ResponseNotFound:   codes.NotFound,
	engine.DrawNotFound:       codes.NotFound,
	engine.StaffTokenNotFound: codes.NotFound,
	engine.SeatUnknown:        codes.NotFound,
	engine.ApprovalNotFound:   codes.NotFound,
	engine.CaseNotFound:       codes.NotFound,

	engine.SlugTaken:      codes.AlreadyExists,
	engine.PersonEntered:  codes.AlreadyExists,
	engine.EntryDiffers:   codes.AlreadyExists,
	engine.EntryErased:    codes.AlreadyExists,
	engine.EntryCorrected: codes.AlreadyExists,

	engine.CampaignDraft:    codes.FailedPrecondition,
	engine.CampaignEnded:    codes.FailedPrecondition,
	engine.CampaignClosed:   codes.FailedPrecondition,
	engine.CampaignOpen:     codes.FailedPrecondition,
	engine.TooEarly:         codes.FailedPrecondition,
	engine.TooLate:          codes.FailedPrecondition,
	engine.NoticeStale:      codes.FailedPrecondition,
	engine.TokenUsed:        codes.FailedPrecondition,
	engine.TokenExpired:     codes.FailedPrecondition,
	engine.TokenRevoked:     codes.FailedPrecondition,
	engine.RoundNotYet:      codes.FailedPrecondition,
	engine.DrawState:        codes.FailedPrecondition,
	engine.DrawUnproven:     codes.FailedPrecondition,
	engine.ApprovalState:    codes.FailedPrecondition,
	engine.CaseState:        codes.FailedPrecondition,
	engine.NotWinner:        codes.FailedPrecondition,
	engine.SeatClaimed:      codes.FailedPrecondition,
	engine.CorrectionsSpent: codes.FailedPrecondition,

	engine.ConsentMissing:     codes.InvalidArgument,
	engine.TokenMissing:       codes.InvalidArgument,
	engine.TokenUnknown:       codes.InvalidArgument,
	engine.IDInvalid:          codes.InvalidArgument,
	engine.RulesInvalid:       codes.InvalidArgument,
	engine.SurveyInvalid:      codes.InvalidArgument,
	engine.ResponseInvalid:    codes.InvalidArgument,
	engine.FieldInvalid:       codes.InvalidArgument,
	engine.CosignatureInvalid: codes.InvalidArgument,
	engine.ReceiptMismatch:    codes.InvalidArgument,

	engine.EtagStale:         codes.Aborted,
	engine.NotificationMoved: codes.Aborted,
	engine.ApprovalChanged:   codes.Aborted,

	engine.StaffTokenInvalid: codes.Unauthenticated,
	engine.RoleRefused:       codes.PermissionDenied,
	engine.ApprovalSelf:      codes.PermissionDenied,

	engine.Busy:               codes.ResourceExhausted,
	engine.StorageUnavailable: codes.Unavailable,
	engine.BeaconUnavailable:  codes.Unavailable,
	engine.HolderAway:         codes.Unavailable,
}

// toStatus writes an engine's refusal as a status with its reason, its fields and when to try again.
func toStatus(e *engine.Error) *status.Status {
	code, ok := codeOf[e.Reason]
	if !ok {
		code = codes.Unknown
	}
	info := &errdetails.ErrorInfo{Reason: string(e.Reason), Domain: "fairlot"}
	if e.Left != nil {
		info.Metadata = map[string]string{"triesLeft": strconv.Itoa(*e.Left)}
	}
	st := with(status.New(code, e.Text), info)
	var details []protoadapt.MessageV1
	if len(e.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range e.Fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Path, Reason: f.Reason, Description: f.Text})
		}
		details = append(details, bad)
	}
	if e.Retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.Retry)})
	}
	if len(details) > 0 {
		if with, err := st.WithDetails(details...); err == nil {
			st = with
		}
	}
	return st
}

func withInfo(st *status.Status, reason engine.Reason) *status.Status {
	return with(st, &errdetails.ErrorInfo{Reason: string(reason), Domain: "fairlot"})
}

func with(st *status.Status, info *errdetails.ErrorInfo) *status.Status {
	if with, err := st.WithDetails(info); err == nil {
		return with
	}
	return st
}
