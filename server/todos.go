package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type todos struct {
	fairlotv1.UnimplementedTodoServiceServer
	engine *engine.Engine
}

func (s *todos) ListTodos(ctx context.Context, _ *fairlotv1.ListTodosRequest) (*fairlotv1.ListTodosResponse, error) {
	list, err := s.engine.Todos(ctx)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListTodosResponse{}
	for _, t := range list {
		if t.Approval != nil && !isStaff(ctx) || t.CaseKind != "" && !mayListCases(ctx) {
			continue
		}
		x := &fairlotv1.Todo{Kind: fairlotv1.TodoKind(t.Kind), Slug: t.Slug, Draw: int32(t.Draw), SinceTime: present(t.Since), ByTime: present(t.By),
			Count: t.Count, Attempts: int32(t.Attempt), Said: t.Said, Label: t.Label}
		if t.Campaign != (store.CampaignID{}) {
			x.Campaign = fmt.Sprintf("campaigns/%x", t.Campaign[:])
		}
		if t.Approval != nil {
			a := approvalTo(*t.Approval)
			x.Approval, x.ApprovalKind = a.Name, a.Kind
			for _, role := range t.Roles {
				x.Roles = append(x.Roles, roleOf(role))
			}
		}
		if t.CaseKind != "" {
			x.Case, x.CaseKind, x.CaseReference = fmt.Sprintf("cases/%x", t.Case[:]), t.CaseKind, t.CaseReference
			for _, role := range t.Roles {
				x.Roles = append(x.Roles, roleOf(role))
			}
		}
		out.Todos = append(out.Todos, x)
	}
	return out, nil
}

// mayListCases: an admin and an editor may not.
func mayListCases(ctx context.Context) bool {
	c, _ := ctx.Value(callerKey{}).(caller)
	return isStaff(ctx) && c.role != fairlotv1.Role_ROLE_EDITOR
}

// present leaves the zero time out.
func present(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
